"""What the explanations of an earlier run change in the training inputs."""
