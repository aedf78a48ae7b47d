"""What goes out and what it left behind: emails, alerts and tasks.

Rows carry the id of the scheduled action that made them as a plain UUID; engagement does not know workflows.
"""

from __future__ import annotations

from engagement.models.alerts import KEPT, SEEN, UNSEEN, Alert, Delivery, KeptTest
from engagement.models.bounces import BounceRule
from engagement.models.breakers import SendingBreaker
from engagement.models.channels import ChannelState
from engagement.models.clocks import ResponseClock
from engagement.models.emails import EngagementTemplate, PassageBudget, Purpose, TemplateVersion
from engagement.models.experiments import Assignment, Experiment, Variant
from engagement.models.goals import Conversion, Goal
from engagement.models.language_model import BrandModelUse, GeneratedPassage, ModelBreaker
from engagement.models.messages import HITS, SENT, UNSENT, Message, MessageEvent
from engagement.models.networks import Network
from engagement.models.providers import ProviderDelivery
from engagement.models.replies import WAITING, Mailbox, Reply
from engagement.models.tasks import DONE, FINISHED, OPEN, Task
from engagement.models.teams import Priority, Target
from engagement.models.touches import HumanTouch

__all__ = [
    "DONE",
    "FINISHED",
    "HITS",
    "KEPT",
    "OPEN",
    "SEEN",
    "SENT",
    "UNSEEN",
    "UNSENT",
    "WAITING",
    "Alert",
    "Assignment",
    "BounceRule",
    "BrandModelUse",
    "ChannelState",
    "Conversion",
    "Delivery",
    "EngagementTemplate",
    "Experiment",
    "GeneratedPassage",
    "Goal",
    "HumanTouch",
    "KeptTest",
    "Mailbox",
    "Message",
    "MessageEvent",
    "ModelBreaker",
    "Network",
    "PassageBudget",
    "Priority",
    "ProviderDelivery",
    "Purpose",
    "Reply",
    "ResponseClock",
    "SendingBreaker",
    "Target",
    "Task",
    "TemplateVersion",
    "Variant",
]
