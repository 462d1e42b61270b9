"""The words of AutoML jobs: tasks, metrics, algorithms and modes, as Azure ML names them, with our own beside them."""

from __future__ import annotations

from modelyard.domain.choices import Choice


class AutoMLTask(Choice):
    CLASSIFICATION = "classification"
    REGRESSION = "regression"
    FORECASTING = "forecasting"


class ClassificationPrimaryMetrics(Choice):
    AUC_WEIGHTED = "auc_weighted"
    ACCURACY = "accuracy"
    NORM_MACRO_RECALL = "norm_macro_recall"
    AVERAGE_PRECISION_SCORE_WEIGHTED = "average_precision_score_weighted"
    PRECISION_SCORE_WEIGHTED = "precision_score_weighted"
    LOG_LOSS = "log_loss"


class RegressionPrimaryMetrics(Choice):
    NORMALIZED_ROOT_MEAN_SQUARED_ERROR = "normalized_root_mean_squared_error"
    SPEARMAN_CORRELATION = "spearman_correlation"
    R2_SCORE = "r2_score"
    NORMALIZED_MEAN_ABSOLUTE_ERROR = "normalized_mean_absolute_error"
    RMSE = "rmse"
    MAE = "mae"


class ForecastingPrimaryMetrics(Choice):
    NORMALIZED_ROOT_MEAN_SQUARED_ERROR = "normalized_root_mean_squared_error"
    SPEARMAN_CORRELATION = "spearman_correlation"
    R2_SCORE = "r2_score"
    NORMALIZED_MEAN_ABSOLUTE_ERROR = "normalized_mean_absolute_error"
    RMSE = "rmse"
    MAE = "mae"
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
