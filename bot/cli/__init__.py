"""The commands behind ./run, a file each. Exit 0: fine; 1: the thing checked does not hold; 2: bad usage or input."""
