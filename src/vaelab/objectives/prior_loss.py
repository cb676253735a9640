"""The objective of a prior that is fitted to the codes of a trained model."""

from vaelab.models.contract import Terms, TermsRequest
from vaelab.objectives.config import PriorLossConfig
from vaelab.objectives.objective import Loss, Objective, Progress


class PriorLoss(Objective):
    """The loss of the prior alone, which does not depend on the decoder.

    Where the prior has a density it is -log p(z|y) at a draw of z from the posterior. Its gradient
    is that of the negative ELBO, since only the prior is trained.
    """

    needs = ("has_prior",)
    needs_parent = True
    request = TermsRequest(prior_alone=True)

    def __init__(self, _config: PriorLossConfig) -> None:
        pass

    def __call__(self, terms: Terms, progress: Progress) -> Loss:
        """The mean over the batch."""
        assert terms.prior_loss is not None
        loss = terms.prior_loss.mean()
        return Loss(loss, {"prior_loss": loss})
