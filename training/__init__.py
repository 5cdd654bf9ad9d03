"""One run: sampling, augmentation, optimisation, checkpoints, and the features of the test images."""
