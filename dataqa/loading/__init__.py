"""What the JSON loader of Hugging Face ``datasets`` makes of a file, and for which lines."""

from dataqa.loading.batches import judge, judge_array
from dataqa.loading.remarks import Remark, Verdict

__all__ = ["Remark", "Verdict", "judge", "judge_array"]
