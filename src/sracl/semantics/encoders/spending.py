"""What embedding by a server takes: limits on a minute, a limit on money, and what was spent."""

import time

from sracl.config import EncoderConfig
from sracl.errors import InputError, SraclError
from sracl.semantics.language_models.costs import load_prices
from sracl.semantics.language_models.limits import ROUNDING, Bucket


class Spending:
    """Counts calls, tokens and US dollars, waits as the limits on a minute want, and stops at `max_cost`.

    cost: None where the model's price is not known. Raises InputError for a `max_cost` without a known price.
    """

    def __init__(self, config: EncoderConfig) -> None:
        self.price = load_prices(config.prices).get(config.model or "")
        self.max_cost = config.max_cost
        if self.max_cost is not None and self.price is None:
            raise InputError(
                f"semantics.encoder.max_cost cannot be kept: the price of {config.model} is not known.\n"
                "Give semantics.encoder.prices, a YAML file with a line such as "
                "NAME: {input: 0.02, output: 0, as_of: 2025-10-01}"
            )
        self.requests = Bucket(config.requests_per_minute) if config.requests_per_minute else None
        self.minute = Bucket(config.tokens_per_minute) if config.tokens_per_minute else None
        self.calls = self.texts = self.tokens = 0

    @property
    def cost(self) -> float | None:
        """US dollars spent."""
        return self._cost_of(self.tokens) if self.price else None

    def before(self, tokens: int) -> None:
        """Wait until a call of about so many tokens may be sent. Raises SraclError where it would exceed `max_cost`."""
        if self.max_cost is not None and self._cost_of(self.tokens + tokens) > self.max_cost * (1 + ROUNDING):
            raise SraclError(
                f"stopped at semantics.encoder.max_cost = {self.max_cost:g}: {self.texts:,} texts more are embedded "
                "and kept.\nRaise it and run the same command: nothing is embedded again."
            )
        waits = [self.requests.take(1) if self.requests else 0.0, self.minute.take(tokens) if self.minute else 0.0]
        time.sleep(max(waits))

    def after(self, texts: int, estimated: int, tokens: object) -> None:
        """Count a call that gave vectors. tokens: as billed; where a server does not say, the estimate counts."""
        billed = tokens if isinstance(tokens, int) and tokens > 0 else estimated
        if self.minute:
            self.minute.correct(billed - estimated)
        self.calls += 1
        self.texts += texts
        self.tokens += billed

    def _cost_of(self, tokens: int) -> float:
        return self.price.of(tokens, 0) if self.price else 0.0

    def told(self) -> str:
        """What was spent, in a line."""
        cost = "" if self.cost is None else f", {self.cost:,.4f} US dollars"
        return f"{self.texts:,} texts embedded in {self.calls:,} calls, {self.tokens:,} tokens{cost}"
