"""What is known of networks before one is loaded, without TensorFlow: layers, defaults, weights."""
