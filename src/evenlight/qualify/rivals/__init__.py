"""What others would say: naive tests, shap's rule, two-sample tests, a regression."""
