"""Logistic regression by Newton's method, against scikit-learn.

The negative log-likelihood of 569 tumours, 30 measurements each (scikit-learn's own copy of the Wisconsin data), with a
penalty on the weights, is a function of NumPy; a trust-region method gets its gradient and Hessian from the service.
scikit-learn minimises the same by its own means, and must find the same weights.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.optimize import minimize
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LogisticRegression

from wengert_client import Client
from wengert_client.scipy import Objective


def loss(weights: Any, bias: Any, features: Any, signs: Any) -> Any:
    """Give the negative log-likelihood of signs, 1 and -1, and half the weights' squares."""
    margins = signs * (features @ weights + bias)
    return np.logaddexp(0.0, -margins).sum() + 0.5 * weights @ weights


def main() -> None:
    """Fit the weights by both."""
    features, labels = load_breast_cancer(return_X_y=True)
    features = (features - features.mean(axis=0)) / features.std(axis=0)
    count, width = features.shape
    data = {"features": features, "signs": 2.0 * labels - 1.0}
    with Client() as client:
        shapes = {"weights": width, "bias": (), "features": (count, width), "signs": count}
        f = client.function(loss, inputs=shapes)
        cost = Objective(f, shared=data)
        found = minimize(
            cost.fun, np.zeros(width + 1), method="trust-exact", jac=cost.jac, hess=cost.hess, options={"gtol": 1e-10}
        )
    print(f"{count} samples, {width + 1} parameters: {found.nit} steps, loss {found.fun:.9f}")

    theirs = LogisticRegression(C=1.0, solver="newton-cholesky", tol=1e-12).fit(features, labels)
    expected = np.concatenate([theirs.coef_[0], theirs.intercept_])
    difference = float(np.max(np.abs(found.x - expected)))
    print(f"largest weight {np.max(np.abs(expected)):.6f}, largest difference to scikit-learn's {difference:.1e}")
    np.testing.assert_allclose(found.x, expected, rtol=1e-7, atol=1e-8)


if __name__ == "__main__":
    main()
