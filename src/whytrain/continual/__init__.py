"""What going on learning on new data did to a model: on old rows, on new ones, and to its reasons."""
