"""The words of AutoML jobs: tasks, metrics, algorithms and modes, as Azure ML names them, with our own beside them."""

from __future__ import annotations

from typing import Self

from modelyard.domain.choices import Choice, squash


class AutoMLTask(Choice):
    CLASSIFICATION = "classification"
    REGRESSION = "regression"
    FORECASTING = "forecasting"


# Words in use elsewhere, squashed, for metrics whose own are longer.
_METRIC_ALIASES = {
    "auc": "auc_weighted",
    "rocauc": "auc_weighted",
    "logloss": "log_loss",
    "brier": "brier_score",
    "mcc": "matthews_correlation",
    "f1": "f1_score_binary",
    "precision": "precision_score_binary",
    "recall": "recall_score_binary",
    "averageprecision": "average_precision_score_binary",
    "r2": "r2_score",
    "spearman": "spearman_correlation",
    "rmse": "root_mean_squared_error",
    "mae": "mean_absolute_error",
    "mse": "mean_squared_error",
    "mape": "mean_absolute_percentage_error",
    "rmsle": "root_mean_squared_log_error",
}


class _Metrics(Choice):
    @classmethod
    def _missing_(cls, value: object) -> Self | None:
        longer = _METRIC_ALIASES.get(squash(value)) if isinstance(value, str) else None
        return super()._missing_(longer if longer is not None else value)


class ClassificationPrimaryMetrics(_Metrics):
    """Azure ML's five first; any other metric of the task may be the one to search by."""

    AUC_WEIGHTED = "auc_weighted"
    ACCURACY = "accuracy"
    NORM_MACRO_RECALL = "norm_macro_recall"
    AVERAGE_PRECISION_SCORE_WEIGHTED = "average_precision_score_weighted"
    PRECISION_SCORE_WEIGHTED = "precision_score_weighted"
    LOG_LOSS = "log_loss"
    BRIER_SCORE = "brier_score"
    AUC_MACRO = "auc_macro"
    AUC_MICRO = "auc_micro"
    AUC_BINARY = "auc_binary"
    AVERAGE_PRECISION_SCORE_MACRO = "average_precision_score_macro"
    AVERAGE_PRECISION_SCORE_MICRO = "average_precision_score_micro"
    AVERAGE_PRECISION_SCORE_BINARY = "average_precision_score_binary"
    BALANCED_ACCURACY = "balanced_accuracy"
    WEIGHTED_ACCURACY = "weighted_accuracy"
    MATTHEWS_CORRELATION = "matthews_correlation"
    F1_SCORE_WEIGHTED = "f1_score_weighted"
    F1_SCORE_MACRO = "f1_score_macro"
    F1_SCORE_MICRO = "f1_score_micro"
    PRECISION_SCORE_MACRO = "precision_score_macro"
    PRECISION_SCORE_MICRO = "precision_score_micro"
    RECALL_SCORE_WEIGHTED = "recall_score_weighted"
    RECALL_SCORE_MACRO = "recall_score_macro"
    RECALL_SCORE_MICRO = "recall_score_micro"
    F1_SCORE_BINARY = "f1_score_binary"
    PRECISION_SCORE_BINARY = "precision_score_binary"
    RECALL_SCORE_BINARY = "recall_score_binary"


class RegressionPrimaryMetrics(_Metrics):
    """Azure ML's four first; any other metric of the task may be the one to search by."""

    NORMALIZED_ROOT_MEAN_SQUARED_ERROR = "normalized_root_mean_squared_error"
    NORMALIZED_MEAN_ABSOLUTE_ERROR = "normalized_mean_absolute_error"
    R2_SCORE = "r2_score"
    SPEARMAN_CORRELATION = "spearman_correlation"
    ROOT_MEAN_SQUARED_ERROR = "root_mean_squared_error"
    MEAN_ABSOLUTE_ERROR = "mean_absolute_error"
    MEAN_SQUARED_ERROR = "mean_squared_error"
    MEDIAN_ABSOLUTE_ERROR = "median_absolute_error"
    MAX_ERROR = "max_error"
    MEAN_ABSOLUTE_PERCENTAGE_ERROR = "mean_absolute_percentage_error"
    SMAPE = "smape"
    WAPE = "wape"
    ROOT_MEAN_SQUARED_LOG_ERROR = "root_mean_squared_log_error"
    NORMALIZED_MEDIAN_ABSOLUTE_ERROR = "normalized_median_absolute_error"
    NORMALIZED_ROOT_MEAN_SQUARED_LOG_ERROR = "normalized_root_mean_squared_log_error"
    EXPLAINED_VARIANCE = "explained_variance"


class ForecastingPrimaryMetrics(_Metrics):
    """Azure ML's four first; any other metric of the task may be the one to search by."""

    NORMALIZED_ROOT_MEAN_SQUARED_ERROR = "normalized_root_mean_squared_error"
    NORMALIZED_MEAN_ABSOLUTE_ERROR = "normalized_mean_absolute_error"
    R2_SCORE = "r2_score"
    SPEARMAN_CORRELATION = "spearman_correlation"
    ROOT_MEAN_SQUARED_ERROR = "root_mean_squared_error"
    MEAN_ABSOLUTE_ERROR = "mean_absolute_error"
    MEAN_SQUARED_ERROR = "mean_squared_error"
    MEDIAN_ABSOLUTE_ERROR = "median_absolute_error"
    MAX_ERROR = "max_error"
    MEAN_ABSOLUTE_PERCENTAGE_ERROR = "mean_absolute_percentage_error"
    SMAPE = "smape"
    WAPE = "wape"
    ROOT_MEAN_SQUARED_LOG_ERROR = "root_mean_squared_log_error"
    NORMALIZED_MEDIAN_ABSOLUTE_ERROR = "normalized_median_absolute_error"
    NORMALIZED_ROOT_MEAN_SQUARED_LOG_ERROR = "normalized_root_mean_squared_log_error"
    EXPLAINED_VARIANCE = "explained_variance"
    MASE = "mase"


class FeaturizationMode(Choice):
    AUTO = "auto"
    CUSTOM = "custom"
    OFF = "off"


class ColumnPurpose(Choice):
    """What a column is to be taken for."""

    NUMERIC = "Numeric"
    CATEGORICAL = "Categorical"
    CATEGORICAL_HASH = "CategoricalHash"
    DATE_TIME = "DateTime"
    TEXT = "Text"
    IGNORE = "Ignore"


class BlockedTransformers(Choice):
    TEXT_TARGET_ENCODER = "text_target_encoder"
    ONE_HOT_ENCODER = "one_hot_encoder"
    CAT_TARGET_ENCODER = "cat_target_encoder"
    TF_IDF = "tf_idf"
    WO_E_TARGET_ENCODER = "wo_e_target_encoder"
    LABEL_ENCODER = "label_encoder"
    WORD_EMBEDDING = "word_embedding"
    NAIVE_BAYES = "naive_bayes"
    COUNT_VECTORIZER = "count_vectorizer"
    HASH_ONE_HOT_ENCODER = "hash_one_hot_encoder"


class Transformers(Choice):
    """Transformers with settings of their own."""

    IMPUTER = "imputer"
    TF_IDF = "tf_idf"
    HASH_ONE_HOT_ENCODER = "hash_one_hot_encoder"


class FeatureLags(Choice):
    NONE = "none"
    AUTO = "auto"


class UseStl(Choice):
    NONE = "none"
    SEASON = "season"
    SEASON_TREND = "season_trend"


class ShortSeriesHandlingConfiguration(Choice):
    NONE = "none"
    AUTO = "auto"
    PAD = "pad"
    DROP = "drop"


class TargetAggregationFunction(Choice):
    NONE = "none"
    SUM = "sum"
    MAX = "max"
    MIN = "min"
    MEAN = "mean"


class TabularTrainingMode(Choice):
    AUTO = "auto"
    DISTRIBUTED = "distributed"
    NON_DISTRIBUTED = "non_distributed"


class LogVerbosity(Choice):
    NOT_SET = "not_set"
    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"
    CRITICAL = "critical"


class StackMetaLearnerType(Choice):
    NONE = "none"
    LOGISTIC_REGRESSION = "logistic_regression"
    LOGISTIC_REGRESSION_CV = "logistic_regression_cv"
    LIGHT_GBM_CLASSIFIER = "light_gbm_classifier"
    ELASTIC_NET = "elastic_net"
    ELASTIC_NET_CV = "elastic_net_cv"
    LIGHT_GBM_REGRESSOR = "light_gbm_regressor"
    LINEAR_REGRESSION = "linear_regression"


class ClassificationModels(Choice):
    LOGISTIC_REGRESSION = "LogisticRegression"
    SGD = "SGD"
    MULTINOMIAL_NAIVE_BAYES = "MultinomialNaiveBayes"
    BERNOULLI_NAIVE_BAYES = "BernoulliNaiveBayes"
    SVM = "SVM"
    LINEAR_SVM = "LinearSVM"
    KNN = "KNN"
    DECISION_TREE = "DecisionTree"
    RANDOM_FOREST = "RandomForest"
    EXTREME_RANDOM_TREES = "ExtremeRandomTrees"
    LIGHT_GBM = "LightGBM"
    GRADIENT_BOOSTING = "GradientBoosting"
    XG_BOOST_CLASSIFIER = "XGBoostClassifier"
    CAT_BOOST = "CatBoost"
    NEURAL_NETWORK = "NeuralNetwork"
    GAUSSIAN_NAIVE_BAYES = "GaussianNaiveBayes"


class RegressionModels(Choice):
    ELASTIC_NET = "ElasticNet"
    GRADIENT_BOOSTING = "GradientBoosting"
    DECISION_TREE = "DecisionTree"
    KNN = "KNN"
    LASSO_LARS = "LassoLars"
    SGD = "SGD"
    RANDOM_FOREST = "RandomForest"
    EXTREME_RANDOM_TREES = "ExtremeRandomTrees"
    LIGHT_GBM = "LightGBM"
    XG_BOOST_REGRESSOR = "XGBoostRegressor"
    CAT_BOOST = "CatBoost"
    NEURAL_NETWORK = "NeuralNetwork"
    RIDGE = "Ridge"
    SVM = "SVM"
    LINEAR_SVM = "LinearSVM"


class ForecastingModels(Choice):
    AUTO_ARIMA = "AutoArima"
    PROPHET = "Prophet"
    NAIVE = "Naive"
    SEASONAL_NAIVE = "SeasonalNaive"
    AVERAGE = "Average"
    SEASONAL_AVERAGE = "SeasonalAverage"
    EXPONENTIAL_SMOOTHING = "ExponentialSmoothing"
    ARIMAX = "Arimax"
    TCN_FORECASTER = "TCNForecaster"
    ELASTIC_NET = "ElasticNet"
    GRADIENT_BOOSTING = "GradientBoosting"
    DECISION_TREE = "DecisionTree"
    KNN = "KNN"
    LASSO_LARS = "LassoLars"
    SGD = "SGD"
    RANDOM_FOREST = "RandomForest"
    EXTREME_RANDOM_TREES = "ExtremeRandomTrees"
    LIGHT_GBM = "LightGBM"
    XG_BOOST_REGRESSOR = "XGBoostRegressor"
    CAT_BOOST = "CatBoost"
    THETA = "Theta"
    ETS = "ETS"
    CES = "CES"
    MFLES = "MFLES"
    CROSTON = "Croston"
    TSB = "TSB"


# Enumerations of Azure ML's SDK that only name a mode.
class NCrossValidationsMode(Choice):
    AUTO = "Auto"
    CUSTOM = "Custom"


class ForecastHorizonMode(Choice):
    AUTO = "Auto"
    CUSTOM = "Custom"


class TargetLagsMode(Choice):
    AUTO = "Auto"
    CUSTOM = "Custom"


class TargetRollingWindowSizeMode(Choice):
    AUTO = "Auto"
    CUSTOM = "Custom"
