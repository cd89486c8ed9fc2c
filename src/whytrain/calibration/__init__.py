"""Does the model's confidence mean what it says: metrics, temperature, conformal sets, abstention."""
