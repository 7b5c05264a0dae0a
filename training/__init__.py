"""Making model versions: data, augmentation, network, figures, recipe. No web process needs it."""
