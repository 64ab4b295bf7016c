"""Kinds of problems that only partners meet."""

from http import HTTPStatus

from service.api.kinds import Kind

NOT_SIGNED = Kind(
    "batch-not-signed",
    HTTPStatus.UNAUTHORIZED,
    "The batch is not signed with your secret, or was not signed just now",
    "Nothing was taken in. Sign the bytes as they are sent, as Standard Webhooks says, with the "
    "secret that was handed to you; the timestamp counts for 300 seconds, so sign again before "
    "each try and keep the webhook-id.",
    "Lô biên nhận chưa ký bằng khóa bí mật của quý công ty, hoặc chữ ký đã quá hạn",
    "Chưa ghi nhận gì. Ký đúng các byte gửi đi theo Standard Webhooks bằng khóa bí mật đã trao; "
    "dấu thời gian chỉ có giá trị 300 giây, nên ký lại trước mỗi lần gửi và giữ nguyên webhook-id.",
)
REUSED_ID = Kind(
    "webhook-id-reused",
    HTTPStatus.CONFLICT,
    "This webhook-id stands for another batch",
    "Nothing was taken in. Use a new webhook-id for a new batch, or send the first one unchanged.",
    "webhook-id này đã dùng cho một lô khác",
    "Chưa ghi nhận gì. Dùng webhook-id mới cho lô mới, hoặc gửi lại nguyên vẹn lô đầu tiên.",
)
UNREADABLE = Kind(
    "batch-unreadable",
    HTTPStatus.UNPROCESSABLE_ENTITY,
    "The batch cannot be read",
    'Nothing was taken in. Send `{"receipts": [...]}` as application/json, or text/csv in UTF-8 '
    "under a heading, with one to 5,000 rows.",
    "Không đọc được lô biên nhận",
    'Chưa ghi nhận gì. Gửi `{"receipts": [...]}` dạng application/json, hoặc text/csv mã UTF-8 có '
    "dòng tiêu đề, từ 1 đến 5.000 dòng.",
)
PARTNER_KINDS = (NOT_SIGNED, REUSED_ID, UNREADABLE)
