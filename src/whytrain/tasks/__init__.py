"""Tasks: how labels are read, what a model is taught and scored by, what it decides and how that is shown.

A new task is one file that keeps the protocol `Task` and one YAML file under conf/task/.
"""

from whytrain.tasks.classification import Classification
from whytrain.tasks.multilabel import MultiLabel
from whytrain.tasks.task import Task, label_name

CLASSIFICATION = Classification()
TASKS: dict[str, Task] = {CLASSIFICATION.name: CLASSIFICATION, MultiLabel.name: MultiLabel(separator=None)}

__all__ = ["CLASSIFICATION", "TASKS", "Classification", "MultiLabel", "Task", "label_name"]
