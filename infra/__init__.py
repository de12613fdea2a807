"""What surrounds a deployment. Nothing here is shipped to Lambda."""
