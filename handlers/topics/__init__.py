"""Topics (议题) on their way through 提议, 商议, 定议, 执行 and 评议."""
