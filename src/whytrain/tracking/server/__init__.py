"""A team's MLflow server on PostgreSQL."""
