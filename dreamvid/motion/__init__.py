"""Motion: the camera, exact warps, and a clip's optical flow."""
