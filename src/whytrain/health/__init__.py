"""What of the machine, the extras, the tracking store and a run is fit for use."""
