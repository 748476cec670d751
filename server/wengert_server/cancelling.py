"""What is computed for a caller who is gone, or whose time is up, stops."""

from __future__ import annotations

from typing import TYPE_CHECKING

from adengine.cancellation import Cancellation

if TYPE_CHECKING:
    import grpc


def wish_of(context: grpc.ServicerContext) -> Cancellation:
    """Give the wish that a call may end early: gRPC cancels it when the call is over for the caller.

    That is when the caller cancels, loses the connection, or reaches the deadline; also when the call has
    been answered, which changes nothing any more.
    """
    wish = Cancellation()

    def over() -> None:
        remaining: float | None = context.time_remaining()
        wish.cancel(expired=remaining is not None and remaining <= 0)

    if not context.add_callback(over):
        over()
    return wish
