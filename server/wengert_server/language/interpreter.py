"""Takes the steps of a text: a stack of values, jumps for branches and loops, names.

Every step is a method here, its argument, and the position it is told with. A statement of the text is taken as soon as
it is parsed, a loop once it is closed.
"""

from __future__ import annotations

from array import array as column
from typing import TYPE_CHECKING, NamedTuple, TypeAlias, cast

from adengine.cancellation import check
from adengine.errors import EngineError
from wengert_server.language import functions, known, subscripts
from wengert_server.language.arrays import array_of
from wengert_server.language.faults import Fault, Located, ShapeFault
from wengert_server.language.folding import BINARY
from wengert_server.language.operators import applied, negated, refuted
from wengert_server.language.scopes import Scope, named
from wengert_server.language.statements import NUMBERS, Statements, checked_name
from wengert_server.language.values import Buffer, Literal, Parts, written

if TYPE_CHECKING:
    from collections.abc import Callable

    from adengine import WengertList
    from wengert_server.language.bounds import Bounds, Budget
    from wengert_server.language.subscripts import Part
    from wengert_server.language.values import Value

    Step: TypeAlias = Callable[["Interpreter", object], int | None]


_SELECT = NUMBERS["SELECT"]


class Call(NamedTuple):
    """A call: the function's name, how many arguments it has, and the names of the last ones."""

    name: str
    arguments: int
    options: tuple[str, ...]


class Declared(NamedTuple):
    """An input: its name, how many extents it has, and whether a default."""

    name: str
    extents: int
    default: bool


class Loop(NamedTuple):
    """A loop: the name of its index, whether it has a step, and the place of the step after it."""

    name: str
    step: bool
    end: int


class Subscript(NamedTuple):
    """What each index says: None for a place, or which bounds of a slice are there."""

    parts: tuple[tuple[bool, bool, bool] | None, ...]


class _Turns:
    """A loop under way."""

    __slots__ = ("begin", "index", "left", "name", "outer", "step")

    def __init__(self, name: str, numbers: range, outer: Value | None, begin: int) -> None:
        self.name = name
        self.index = numbers.start
        self.step = numbers.step
        self.left = len(numbers)
        self.outer = outer
        self.begin = begin


class Code:
    """The steps of a statement of the text.

    Attributes
    ----------
    steps : list
        Methods of :class:`Interpreter`.
    arguments : list
        What each is called with.
    positions : int32 array
        Where in the text each is told.
    """

    __slots__ = ("arguments", "positions", "steps")

    def __init__(self) -> None:
        self.steps: list[Step] = []
        self.arguments: list[object] = []
        self.positions = column("i")

    def __len__(self) -> int:
        return len(self.steps)

    def add(self, step: Step, argument: object, position: int) -> int:
        """Append a step; gives its place."""
        self.steps.append(step)
        self.arguments.append(argument)
        self.positions.append(position)
        return len(self.steps) - 1

    def put(self, place: int, argument: object, position: int | None = None) -> None:
        """Give a step its argument, which was not known when it was appended."""
        self.arguments[place] = argument
        if position is not None:
            self.positions[place] = position


class Interpreter:
    """The state of one list that is made of a text.

    Parameters
    ----------
    bounds
        What it may come to.
    budget
        What its making may cost.

    Attributes
    ----------
    list : Statements
        What has come of it so far.
    """

    def __init__(self, bounds: Bounds, budget: Budget) -> None:
        self.list = Statements(bounds, budget)
        self.bounds = bounds
        self._budget = budget
        self._scope = Scope()
        self._stack: list[Value] = []
        self._branches: list[bool | None] = []
        self._loops: list[_Turns] = []
        self._at = 0

    def run(self, code: Code) -> None:
        """Take the steps of one statement of the text.

        Raises
        ------
        Fault
            With the position of the step.
        EngineError
            Something is too large.
        """
        self._budget.spend(len(code))
        check()
        steps, arguments = code.steps, code.arguments
        at, end = 0, len(code)
        try:
            while at < end:
                self._at = at
                moved = steps[at](self, arguments[at])
                at = at + 1 if moved is None else moved
        except Fault as fault:
            if fault.position is None:
                fault.position = code.positions[at]
            raise
        except EngineError as error:
            raise Located(error, code.positions[at]) from None
        self._stack.clear()

    # ---- Values

    def push(self, argument: object) -> None:
        """A number, or an array of numbers as it stands in the text: one array, however often it is come to."""
        self._stack.append(cast("float | Literal", argument))

    def load(self, argument: object) -> None:
        """What a name stands for."""
        self._stack.append(self._scope.find(cast("str", argument)))

    def refer(self, argument: object) -> None:
        """One of the constants, or arrays, that the text lists."""
        word = cast("str", argument)
        number = int(word[2:])
        self._stack.append(self.list.constant(number) if word[1] == "c" else self.list.tensor(number))

    def binary(self, argument: object) -> None:
        """An operator between two values."""
        b = self._stack.pop()
        a = self._stack[-1]
        sign = cast("str", argument)
        if isinstance(a, float) and isinstance(b, float) and sign != "@":
            self._stack[-1] = BINARY[sign](a, b)
        else:
            self._stack[-1] = applied(self.list, sign, a, b)

    def negate(self, argument: object) -> None:
        """A minus in front of a value."""
        self._stack[-1] = negated(self.list, self._stack[-1])

    def refute(self, argument: object) -> None:
        """A ! in front of a value."""
        self._stack[-1] = refuted(self.list, self._stack[-1])

    def array(self, argument: object) -> None:
        """Several values in brackets, as one array."""
        values = self._pop_many(cast("int", argument))
        self._stack.append(array_of(self.list, values))

    def parts(self, argument: object) -> None:
        """Several values in brackets, one by one."""
        self._stack.append(Parts(self._pop_many(cast("int", argument))))

    def call(self, argument: object) -> None:
        """A call of a function."""
        call = cast("Call", argument)
        values = self._pop_many(call.arguments)
        plain = call.arguments - len(call.options)
        options = dict(zip(call.options, values[plain:], strict=True))
        self._stack.append(functions.find(call.name)(self.list, values[:plain], options))

    def subscript(self, argument: object) -> None:
        """Elements of an array."""
        parts = self._pop_parts(cast("Subscript", argument))
        self._stack[-1] = subscripts.take(self.list, self._stack[-1], parts)

    def _pop_many(self, count: int) -> list[Value]:
        if not count:
            return []
        values = self._stack[-count:]
        del self._stack[-count:]
        return values

    def _pop_parts(self, asked: Subscript) -> list[Part]:
        count = sum(1 if part is None else sum(part) for part in asked.parts)
        values = iter(self._pop_many(count))
        parts: list[Part] = []
        for part in asked.parts:
            if part is None:
                parts.append(subscripts.part(next(values)))
            else:
                bounds = [known.whole(next(values), "a bound of a slice") if there else None for there in part]
                parts.append(subscripts.Range(*bounds))
        return parts

    # ---- Statements of the text

    def declare(self, argument: object) -> None:
        """An input."""
        declared = cast("Declared", argument)
        name = checked_name(named(declared.name), self.bounds)
        default = known.array(self._stack.pop(), f"the default of {name}") if declared.default else None
        extents = [known.whole(value, f"an extent of {name}") for value in self._pop_many(declared.extents)]
        if any(extent < 0 for extent in extents):
            raise ShapeFault(f"{name} has a negative extent")
        shape = tuple(extents) if extents or default is None else default.shape
        if default is not None and default.shape != shape:
            if default.shape:
                given, expected = written(default.shape), written(shape)
                raise ShapeFault(f"the default of {name} has the shape {given}, expected is {expected}")
            default = known.filled(self.list, shape, float(default))
        self._scope.values[name] = self.list.input(name, shape, default)

    def name_output(self, argument: object) -> None:
        """An output that is what its name stands for."""
        word = cast("str", argument)
        name = checked_name(named(word), self.bounds)
        self.list.output(name, self._scope.find(word))

    def output(self, argument: object) -> None:
        """An output; its name stands for the value from now on, unless it is an input's."""
        name = checked_name(named(cast("str", argument)), self.bounds)
        value = self._stack.pop()
        self.list.output(name, value)
        if not self.list.has_input(name):
            self._scope.values[name] = self._own(value) if isinstance(value, Buffer) else value

    def assign(self, argument: object) -> None:
        """A name for a value."""
        name = checked_name(named(cast("str", argument)), self.bounds)
        value = self._stack.pop()
        if type(value) is int:
            self.list.label(value, name)
        elif isinstance(value, Buffer):
            value = self._own(value)
            value.name = name
        elif isinstance(value, Literal):
            value.name = value.name or name
        elif isinstance(value, Parts):
            raise Fault("several values in brackets have no name")
        self._scope.values[name] = value

    def _own(self, buffer: Buffer) -> Buffer:
        """An array whose elements are assigned, for another name."""
        self._budget.spend(len(buffer.elements))
        return buffer.copy()

    def assign_element(self, argument: object) -> None:
        """A value for one element."""
        word, asked = cast("tuple[str, Subscript]", argument)
        value = self._stack.pop()
        parts = self._pop_parts(asked)
        buffer = self._scope.find(word)
        if isinstance(buffer, Literal):
            self._budget.spend(buffer.array.size)
            buffer = subscripts.buffer_of(buffer)
            buffer.name = checked_name(named(word), self.bounds)
            self._scope.values[buffer.name] = buffer
        if not isinstance(buffer, Buffer):
            told = "elements are assigned in arrays of numbers, such as zeros(3)"
            raise Fault(f"{told}; {word} is computed: build a new array, [...], of the elements it is to have")
        if not (isinstance(value, float) or (type(value) is int and not self.list.shape(value))):
            raise ShapeFault("an element is a number or a scalar; this value is an array")
        subscripts.assign(buffer, parts, value)

    def preset_constants(self, argument: object) -> None:
        """The constants of the list, in order."""
        self._check_fresh("constants")
        self.list.preset_constants([known.number(each, "a constant") for each in self._pop_many(cast("int", argument))])

    def preset_tensors(self, argument: object) -> None:
        """The array constants of the list, in order."""
        self._check_fresh("tensors")
        self.list.preset_tensors([known.array(each, "an array") for each in self._pop_many(cast("int", argument))])

    def _check_fresh(self, what: str) -> None:
        if self.list.statements:
            raise Fault(f"{what} are listed before the first operation")

    def add_body(self, body: WengertList) -> None:
        """A list within the list."""
        self.list.bodies.append(body)

    # ---- Branches and loops

    def then(self, argument: object) -> int | None:
        """After the condition of a choice; one that is known is decided here."""
        condition = self._stack[-1]
        if not isinstance(condition, float):
            self._branches.append(None)
            return None
        self._stack.pop()
        self._branches.append(condition != 0)
        return None if condition != 0 else cast("int", argument)

    def otherwise(self, argument: object) -> int | None:
        """Between the two values of a choice."""
        if self._branches[-1]:
            self._branches.pop()
            return cast("int", argument)
        return None

    def choose(self, argument: object) -> None:
        """After both values of a choice."""
        if self._branches.pop() is None:
            b, a, condition = self._stack.pop(), self._stack.pop(), self._stack.pop()
            self._stack.append(self.list.elementwise(_SELECT, (condition, a, b)))

    def enter(self, argument: object) -> int | None:
        """Before the first turn of a loop."""
        loop = cast("Loop", argument)
        bounds = [known.whole(each, "a bound of a loop") for each in self._pop_many(3 if loop.step else 2)]
        first, last, step = bounds if loop.step else [*bounds, 1]
        if step == 0:
            raise Fault("the step of a loop is not 0")
        numbers = range(first, last + (1 if step > 0 else -1), step)
        if not numbers:
            return loop.end
        name = checked_name(named(loop.name), self.bounds)
        self._loops.append(_Turns(name, numbers, self._scope.values.get(name), self._at + 1))
        self._scope.values[name] = float(first)
        return None

    def again(self, argument: object) -> int | None:
        """After each turn of a loop."""
        turns = self._loops[-1]
        self._budget.spend(self._at - turns.begin + 2)
        self.bounds.check_statements(self.list.statements)
        check()
        turns.left -= 1
        if turns.left:
            turns.index += turns.step
            self._scope.values[turns.name] = float(turns.index)
            return turns.begin
        self._loops.pop()
        if turns.outer is None:
            del self._scope.values[turns.name]
        else:
            self._scope.values[turns.name] = turns.outer
        return None
