"""The main job without an AWS account: a stand-in for ECR, the service in front of it, images through it."""
