"""What every test starts from: no network, one thread, the same random numbers."""

import os

# Read when torch and the Hugging Face libraries are imported, and inherited by the kernels that tests start.
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["OMP_NUM_THREADS"] = "1"
os.environ["MPLBACKEND"] = "agg"

import random

import hypothesis
import numpy as np
import pytest
import torch

torch.set_num_threads(1)

# A slow moment of the machine says nothing about the code; what fails once must fail in the next run too.
hypothesis.settings.register_profile("repeatable", deadline=None, derandomize=True)
hypothesis.settings.load_profile("repeatable")


@pytest.fixture(autouse=True)
def _same_random_numbers() -> None:
    random.seed(0)
    np.random.seed(0)  # noqa: NPY002 (the libraries under test draw from it)
    torch.manual_seed(0)
