"""What ./run bench runs. Each figure stands beside a reference measured in the same run."""
