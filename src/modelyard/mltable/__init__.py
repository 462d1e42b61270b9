"""Tables from files: MLTable definitions, and delimited, Parquet and JSON-lines files by themselves.

import modelyard.mltable as mltable
frame = mltable.load("data/titanic").to_pandas_dataframe()
"""

from modelyard.mltable.table import (
    MLTable,
    from_delimited_files,
    from_json_lines_files,
    from_parquet_files,
    load,
    of_data,
)

__all__ = ["MLTable", "from_delimited_files", "from_json_lines_files", "from_parquet_files", "load", "of_data"]
