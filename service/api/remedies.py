"""Remedies: every kind of problem once, with what to do about it, in English and Vietnamese."""

from http import HTTPStatus

from service.api.access_remedies import ACCESS_RULES
from service.api.kinds import (
    EDITED,
    FAULT,
    INVALID,
    NO_DATABASE,
    NO_ETAG,
    NO_IDEMPOTENCY_KEY,
    NO_KEY,
    NO_QUEUE,
    OTHER_DIGEST,
    REFUSED,
    REUSED_KEY,
    TOO_MANY,
    TOO_SLOW,
    UNKNOWN_ETAG,
    UPLOADS_TAKEN,
    WRONG_CREDENTIALS,
    Kind,
)
from service.api.partner_kinds import PARTNER_KINDS
from service.api.partner_remedies import DEALING_RULES
from service.api.text_remedies import TEXT_RULES

_UNKNOWN = (
    HTTPStatus.NOT_FOUND,
    "There is no such thing",
    "Check the address; the list one level above shows what there is.",
    "Không có mục này",
    "Kiểm tra địa chỉ; danh sách ở cấp trên cho biết có những gì.",
)
_RULES = (
    Kind("not-found", *_UNKNOWN),
    Kind("unknown-area", *_UNKNOWN),
    Kind("unknown-subscriber", *_UNKNOWN),
    Kind("unknown-person", *_UNKNOWN),
    Kind("unknown-key", *_UNKNOWN),
    Kind("unknown-partner", *_UNKNOWN),
    Kind("unknown-session", *_UNKNOWN),
    Kind("unknown-plan", *_UNKNOWN),
    Kind("unknown-campaign", *_UNKNOWN),
    Kind("unknown-broadcast", *_UNKNOWN),
    Kind("unknown-answer", *_UNKNOWN),
    Kind("unknown-edition", *_UNKNOWN),
    Kind("unknown-ticket", *_UNKNOWN),
    Kind("unknown-upload", *_UNKNOWN),
    Kind("unknown-errand", *_UNKNOWN),
    Kind(
        "not-permitted",
        HTTPStatus.FORBIDDEN,
        "You may not do this",
        "Nothing was changed. `detail` says who may, or from where; ask them, or an administrator.",
        "Bạn không có quyền làm việc này",
        "Chưa có gì thay đổi. `detail` nêu ai được làm, hoặc từ đâu; nhờ họ hoặc quản trị viên.",
    ),
    Kind(
        "signature-refused",
        HTTPStatus.FORBIDDEN,
        "You may not sign this",
        "Ask a colleague with the role that is needed and who did not write it.",
        "Bạn không được ký bản này",
        "Nhờ đồng nghiệp có vai trò cần thiết và không phải người soạn.",
    ),
    Kind(
        "ground-missing",
        HTTPStatus.CONFLICT,
        "What this rests on was not given",
        "Nothing was signed or changed. Send it again with what `detail` asks for.",
        "Chưa nêu căn cứ hoặc lý do",
        "Chưa ký hay thay đổi gì. Gửi lại kèm văn bản làm căn cứ và lý do.",
    ),
    Kind(
        "approval-refused",
        HTTPStatus.FORBIDDEN,
        "You may not approve this",
        "Ask a colleague with the role that is needed and who did not write it.",
        "Bạn không được duyệt nội dung này",
        "Nhờ đồng nghiệp có vai trò cần thiết và không phải người soạn.",
    ),
    Kind(
        "signature-missing",
        HTTPStatus.CONFLICT,
        "Not everybody who must sign has signed",
        "Nothing was sent. Have the missing roles sign, and launch again.",
        "Chưa đủ chữ ký",
        "Chưa gửi gì. Xin đủ chữ ký của các vai trò còn thiếu rồi phát lại.",
    ),
    Kind(
        "plan-drifted",
        HTTPStatus.CONFLICT,
        "What would be sent is no longer what was signed",
        "Nothing was sent. Submit the campaign again and have the new plan signed.",
        "Nội dung hoặc đối tượng đã khác bản được ký",
        "Chưa gửi gì. Trình lại chiến dịch và xin ký bản kế hoạch mới.",
    ),
    Kind(
        "plan-returned",
        HTTPStatus.CONFLICT,
        "Somebody who must sign has sent the plan back",
        "Nothing was sent. Change the campaign as `detail` says and submit it again.",
        "Người ký đã trả lại kế hoạch",
        "Chưa gửi gì. Sửa chiến dịch theo `detail` rồi trình lại.",
    ),
    Kind(
        "campaign-rejected",
        HTTPStatus.CONFLICT,
        "Somebody who must sign has rejected this campaign",
        "Nothing was kept or sent. What is to be said instead is another campaign.",
        "Người ký đã từ chối chiến dịch này",
        "Chưa lưu hay gửi gì. Nội dung thay thế phải là một chiến dịch khác.",
    ),
    Kind(
        "rules-broken",
        HTTPStatus.CONFLICT,
        "The plan breaks rules that nobody may sign away",
        "Nothing was kept. Mend the campaign as `detail` says and submit it again.",
        "Kế hoạch vi phạm quy định không ai được bỏ qua",
        "Chưa lưu gì. Sửa chiến dịch theo `detail` rồi trình lại.",
    ),
    Kind(
        "empty-audience",
        HTTPStatus.CONFLICT,
        "The campaign reaches nobody",
        "Nothing was kept. Check areas, levels and tags, or import subscribers first.",
        "Chiến dịch không đến được ai",
        "Chưa lưu gì. Kiểm tra địa bàn, cấp độ, nhãn, hoặc nhập thuê bao trước.",
    ),
    *TEXT_RULES,
    Kind(
        "definition",
        HTTPStatus.CONFLICT,
        "The campaign file breaks rules",
        "Nothing was kept. Mend each line in `errors`.",
        "Tệp chiến dịch có lỗi",
        "Chưa lưu gì. Sửa từng dòng nêu trong `errors`.",
    ),
    Kind(
        "figures-missing",
        HTTPStatus.CONFLICT,
        "The day's figures are missing",
        "Nothing was signed or sent. Have the health data owner deliver them, or take the figures "
        "out of the text.",
        "Chưa có số liệu trong ngày",
        "Chưa ký hay gửi gì. Đề nghị cơ quan cung cấp số liệu gửi số liệu, hoặc bỏ số liệu khỏi "
        "nội dung.",
    ),
    Kind(
        "edition",
        HTTPStatus.CONFLICT,
        "The hotline's files break rules",
        "Nothing was kept, and what runs stays. Mend each line in `errors`.",
        "Tệp của tổng đài có lỗi",
        "Chưa lưu gì, nội dung đang chạy giữ nguyên. Sửa từng dòng nêu trong `errors`.",
    ),
    Kind(
        "slug-taken",
        HTTPStatus.CONFLICT,
        "A campaign with this name has other content",
        "Nothing was changed. Choose another name, or send the newest ETag in `If-Match` to "
        "make this the next revision.",
        "Tên chiến dịch này đã có nội dung khác",
        "Chưa có gì thay đổi. Chọn tên khác, hoặc gửi ETag mới nhất trong `If-Match` để lưu "
        "thành bản sửa tiếp theo.",
    ),
    Kind(
        "broadcast-frozen",
        HTTPStatus.CONFLICT,
        "The broadcast is past the point where this is possible",
        "Nothing was changed, and nothing is sent twice. See how the broadcast in `detail` stands.",
        "Đợt phát đã qua giai đoạn có thể làm việc này",
        "Chưa có gì thay đổi, không tin nào bị gửi hai lần. Xem tình trạng đợt phát nêu trong "
        "`detail`.",
    ),
    Kind(
        "launch-withdrawn",
        HTTPStatus.CONFLICT,
        "The launch was stopped before it began",
        "Nothing was sent. Launch the plan again if it is still wanted.",
        "Lệnh gửi đã bị dừng trước khi bắt đầu",
        "Chưa gửi gì. Phát lệnh gửi lại nếu vẫn cần.",
    ),
    *ACCESS_RULES,
    *DEALING_RULES,
    Kind(
        "seal-broken",
        HTTPStatus.SERVICE_UNAVAILABLE,
        "Stored numbers do not open with this key",
        "Nothing was changed. Whoever runs Loa must start it with the key this database was "
        "filled with.",
        "Không mở được số điện thoại đã lưu bằng khóa này",
        "Chưa có gì thay đổi. Người vận hành phải khởi động Loa bằng đúng khóa của dữ liệu.",
    ),
    REFUSED,
)
REMEDIES = {kind.slug: kind for kind in _RULES}

HTTP_PROBLEMS = {
    kind.status: kind
    for kind in (
        Kind(
            "malformed",
            HTTPStatus.BAD_REQUEST,
            "The request cannot be read",
            "Nothing was changed. Send well-formed JSON in UTF-8.",
            "Không đọc được yêu cầu",
            "Chưa có gì thay đổi. Gửi JSON đúng cú pháp, mã hóa UTF-8.",
        ),
        NO_KEY,
        Kind("not-found", *_UNKNOWN),
        Kind(
            "method-not-allowed",
            HTTPStatus.METHOD_NOT_ALLOWED,
            "This address does not know this method",
            "Use one of the methods in the header `Allow`.",
            "Địa chỉ này không nhận phương thức đó",
            "Dùng một trong các phương thức nêu ở tiêu đề `Allow`.",
        ),
        TOO_SLOW,
        Kind(
            "too-large",
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            "The request is too large",
            "Nothing was changed. Send less at a time.",
            "Yêu cầu quá lớn",
            "Chưa có gì thay đổi. Gửi ít hơn mỗi lần.",
        ),
        Kind(
            "unsupported-media-type",
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
            "This kind of content is not understood here",
            "Nothing was changed. See `/api/openapi.json` for what this address takes.",
            "Không nhận loại nội dung này",
            "Chưa có gì thay đổi. Xem `/api/openapi.json` để biết địa chỉ này nhận gì.",
        ),
        TOO_MANY,
        FAULT,
    )
}
EVERY_KIND = tuple(
    {
        kind.slug: kind
        for kind in (
            *_RULES,
            *HTTP_PROBLEMS.values(),
            WRONG_CREDENTIALS,
            REUSED_KEY,
            NO_IDEMPOTENCY_KEY,
            EDITED,
            NO_ETAG,
            UNKNOWN_ETAG,
            OTHER_DIGEST,
            INVALID,
            NO_QUEUE,
            NO_DATABASE,
            UPLOADS_TAKEN,
            *PARTNER_KINDS,
        )
    }.values()
)
