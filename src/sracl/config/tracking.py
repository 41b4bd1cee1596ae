"""Section `tracking`: where else a run is told of."""

from urllib.parse import urlsplit

from pydantic import Field, field_validator

from sracl.config.section import Section


class TrackingConfig(Section):
    """TensorBoard's files are always written to the run's folder; MLflow is told where it is named."""

    mlflow: str | None = Field(
        None,
        min_length=1,
        description="MLflow's tracking URI, as `sqlite:///mlflow.db` or a server's; null: none. See docs/tracking.md",
    )
    experiment: str = Field("sracl", min_length=1, description="MLflow's experiment, made where it is missing")

    @field_validator("mlflow")
    @classmethod
    def _without_password(cls, address: str | None) -> str | None:
        # The configuration is written to the run's folder and given to MLflow as a file.
        if address is not None and urlsplit(address).password is not None:
            raise ValueError(
                "must hold no password; a server takes it from MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD"
            )
        return address
