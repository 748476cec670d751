# mpmath makes its functions at run time, which type checkers cannot follow.
from typing import Any

def __getattr__(name: str) -> Any: ...
