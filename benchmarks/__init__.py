"""`make bench`: how fast and how large, side by side in one run, on the model that serves."""
