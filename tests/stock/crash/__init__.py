"""The crash drill of stock: colliding clients, kills, an observer, and books to compare with."""
