"""All mutants."""

from __future__ import annotations

from tools.mutants.deployment import DEPLOYMENT
from tools.mutants.edge import EDGE
from tools.mutants.helper import HELPER
from tools.mutants.mutant import Mutant
from tools.mutants.redirects import REDIRECTS
from tools.mutants.relayed import RELAYED
from tools.mutants.relaying import RELAYING

MUTANTS: tuple[Mutant, ...] = (*REDIRECTS, *RELAYING, *RELAYED, *EDGE, *DEPLOYMENT, *HELPER)
