"""What a report says of a check on random entries."""


def described(law: str) -> str:
    """Say what is tested of the entries of a random matrix."""
    return f"{law}, for narrowing and widening layers; independent entries, drawn from rng alone"
