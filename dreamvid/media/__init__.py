"""Reading and writing pictures, clips, films and sound; no other package opens them."""
