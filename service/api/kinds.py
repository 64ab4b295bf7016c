"""Kinds of problems: what each is called, and those that this interface itself finds."""

from dataclasses import dataclass
from http import HTTPStatus


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of problem; its slug is the end of its type's address and never changes."""

    slug: str
    status: HTTPStatus
    title: str
    remedy: str
    title_vi: str
    remedy_vi: str


# 422 is for what has not the form that the description asks for; 409 for what has it, and is
# against a rule or against what has happened meanwhile.
INVALID = Kind(
    "invalid",
    HTTPStatus.UNPROCESSABLE_ENTITY,
    "The request has not the form that is described",
    "Nothing was changed. Mend what `errors` or `detail` names; see `/api/openapi.json`.",
    "Yêu cầu không đúng dạng đã mô tả",
    "Chưa có gì thay đổi. Sửa điểm nêu trong `errors` hoặc `detail`; xem `/api/openapi.json`.",
)
REFUSED = Kind(
    "refused",
    HTTPStatus.CONFLICT,
    "The request is against a rule",
    "Nothing was changed. Mend what `detail` names, and send it again.",
    "Yêu cầu trái với quy định",
    "Chưa có gì thay đổi. Sửa điểm nêu trong `detail` rồi gửi lại.",
)
NO_KEY = Kind(
    "unauthorized",
    HTTPStatus.UNAUTHORIZED,
    "No valid key or session was sent",
    "Send the header `Authorization: Bearer KEY` with a key or a session that has not ended.",
    "Chưa gửi khóa hoặc phiên làm việc hợp lệ",
    "Gửi tiêu đề `Authorization: Bearer KHÓA` với khóa hoặc phiên còn hiệu lực.",
)
WRONG_CREDENTIALS = Kind(
    "credentials-refused",
    HTTPStatus.UNAUTHORIZED,
    "Login, password or code is wrong",
    "Check all three; a code counts once. If you have lost one, ask an administrator for an "
    "invitation.",
    "Tên đăng nhập, mật khẩu hoặc mã không đúng",
    "Kiểm tra cả ba; mỗi mã chỉ dùng một lần. Nếu đã mất, xin quản trị viên gửi thư mời.",
)
REUSED_KEY = Kind(
    "idempotency-key-reused",
    HTTPStatus.CONFLICT,
    "This Idempotency-Key was used for another request",
    "Use a new key for a new request, or send the first request again unchanged.",
    "Idempotency-Key này đã dùng cho một yêu cầu khác",
    "Dùng khóa mới cho yêu cầu mới, hoặc gửi lại nguyên vẹn yêu cầu đầu tiên.",
)
NO_IDEMPOTENCY_KEY = Kind(
    "idempotency-key-missing",
    HTTPStatus.BAD_REQUEST,
    "This request needs an Idempotency-Key",
    "Send the header `Idempotency-Key` with a value of your own, such as a UUID, and the same "
    "value when you try again: then it is carried out once.",
    "Yêu cầu này cần Idempotency-Key",
    "Gửi tiêu đề `Idempotency-Key` với một giá trị của bạn, ví dụ UUID; khi thử lại dùng đúng "
    "giá trị đó để yêu cầu chỉ được thực hiện một lần.",
)
EDITED = Kind(
    "edited-meanwhile",
    HTTPStatus.PRECONDITION_FAILED,
    "Somebody has changed this since you read it",
    "Read it again, put your change into the newest version, and send that with its ETag.",
    "Đã có người sửa sau khi bạn đọc",
    "Đọc lại, đưa thay đổi của bạn vào bản mới nhất rồi gửi kèm ETag của bản đó.",
)
UNKNOWN_ETAG = Kind(
    "etag-unknown",
    HTTPStatus.PRECONDITION_FAILED,
    "What `If-Match` names is no version of this",
    "Nothing was changed. Read it and send the ETag of the answer; leave `If-Match` out for a "
    "name that is new.",
    "`If-Match` không nêu đúng bản nào",
    "Chưa có gì thay đổi. Hãy đọc bản hiện có rồi gửi ETag của bản đó; với tên mới thì bỏ "
    "`If-Match`.",
)
OTHER_DIGEST = Kind(
    "digest-differs",
    HTTPStatus.CONFLICT,
    "This is not the digest of this plan",
    "Nothing was signed. Read the plan again; if you still agree with it, sign it with its "
    "`digest`.",
    "Mã băm không phải của kế hoạch này",
    "Chưa ký gì. Đọc lại kế hoạch; nếu vẫn đồng ý thì ký bằng đúng `digest` của kế hoạch đó.",
)
NO_ETAG = Kind(
    "etag-missing",
    HTTPStatus.PRECONDITION_REQUIRED,
    "This change needs the ETag of what it changes",
    "Read it first and send its ETag in `If-Match`, so that nobody's change is lost.",
    "Thay đổi này cần ETag của bản bị sửa",
    "Hãy đọc trước rồi gửi ETag trong `If-Match` để không mất thay đổi của ai.",
)
NO_QUEUE = Kind(
    "queue-unavailable",
    HTTPStatus.SERVICE_UNAVAILABLE,
    "The queue server does not answer",
    "Nothing was sent. Try again in a minute; if it stays so, tell whoever runs Loa.",
    "Máy chủ hàng đợi không trả lời",
    "Chưa gửi gì. Thử lại sau một phút; nếu vẫn vậy, báo người vận hành Loa.",
)
NO_DATABASE = Kind(
    "database-unavailable",
    HTTPStatus.SERVICE_UNAVAILABLE,
    "The database does not answer",
    "Nothing was changed. Try again in a minute; if it stays so, tell whoever runs Loa.",
    "Cơ sở dữ liệu không trả lời",
    "Chưa có gì thay đổi. Thử lại sau một phút; nếu vẫn vậy, báo người vận hành Loa.",
)
FAULT = Kind(
    "fault",
    HTTPStatus.INTERNAL_SERVER_ERROR,
    "Loa made a mistake",
    "Nothing was changed. Tell whoever runs Loa, with the time of your request.",
    "Loa gặp lỗi",
    "Chưa có gì thay đổi. Báo người vận hành Loa kèm thời điểm gửi yêu cầu.",
)
TOO_MANY = Kind(
    "too-many-requests",
    HTTPStatus.TOO_MANY_REQUESTS,
    "Too many requests in a short time",
    "Nothing was changed. Wait as long as the header `Retry-After` says.",
    "Quá nhiều yêu cầu trong thời gian ngắn",
    "Chưa có gì thay đổi. Chờ theo thời gian nêu ở tiêu đề `Retry-After`.",
)
TOO_SLOW = Kind(
    "too-slow",
    HTTPStatus.REQUEST_TIMEOUT,
    "The request did not arrive in time",
    "Nothing was changed. Send it again, over a faster line if there is one.",
    "Yêu cầu không đến kịp thời",
    "Chưa có gì thay đổi. Gửi lại, nếu được thì qua đường truyền nhanh hơn.",
)
UPLOADS_TAKEN = Kind(
    "uploads-taken",
    HTTPStatus.SERVICE_UNAVAILABLE,
    "As many lists as can be taken in at a time are on their way",
    "Nothing was changed. Wait as long as the header `Retry-After` says and send yours again.",
    "Đang nhận đủ số danh sách có thể nhận cùng lúc",
    "Chưa có gì thay đổi. Chờ hết thời gian nêu ở tiêu đề `Retry-After` rồi gửi lại danh sách.",
)
