"""What happens to questions and their answers."""

from dataclasses import dataclass

from app.kernel.events import Event


@dataclass(frozen=True, slots=True)
class QuestionAdded(Event):
    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class QuestionChanged(Event):
    """`wording`: the number of the wording that is asked from now on; another than before where the words changed."""

    wording: int
    text: str


@dataclass(frozen=True, slots=True)
class QuestionArchived(Event):
    pass


@dataclass(frozen=True, slots=True)
class QuestionRestored(Event):
    pass


@dataclass(frozen=True, slots=True)
class QuestionsArranged(Event):
    """About the person who did it; `questions`: the ids in their order, by commas."""

    questions: str


@dataclass(frozen=True, slots=True)
class QuestionsAnswered(Event):
    """About a visit; `answers`: how many were given, corrected or taken back."""

    answers: int
