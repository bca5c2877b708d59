"""Training of LungLens's Mask R-CNN with PyTorch and torchvision; see train/README.md."""
