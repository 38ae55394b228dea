"""What is asked of the product: promises, features, claims, glossary."""
