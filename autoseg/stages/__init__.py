"""The engine of workflows, and the stages that every wing can use. Only stages know folders of work."""
