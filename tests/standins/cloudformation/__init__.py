"""CloudFormation: change sets, their execution, rollback and deletion.

What is not imitated ends in an error that says so. What AWS does not document is marked where it stands.
"""
