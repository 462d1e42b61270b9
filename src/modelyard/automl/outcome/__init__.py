"""What a search leaves behind: predictor, saved model, charts, explanation, script."""
