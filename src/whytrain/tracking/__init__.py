"""The only place that knows MLflow: a run's store, its spool and replay, and reading runs back."""
