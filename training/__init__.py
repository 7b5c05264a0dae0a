"""Making model versions: data, augmentation, network, evaluation, recipe. No web process imports it."""
