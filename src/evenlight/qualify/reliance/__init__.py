"""The gate of ancestry reliance, measured where it is known what the model leans on."""
