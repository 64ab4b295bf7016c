"""Remedies for partners, and for whoever settles with them and orders from them."""

from http import HTTPStatus

from service.api.kinds import Kind

_NOT_THERE = (
    HTTPStatus.NOT_FOUND,
    "There is no such thing",
    "Check the address; the list one level above shows what there is.",
    "Không có mục này",
    "Kiểm tra địa chỉ; danh sách ở cấp trên cho biết có những gì.",
)
DEALING_RULES = (
    Kind("unknown-settlement", *_NOT_THERE),
    Kind("unknown-order", *_NOT_THERE),
    Kind(
        "acknowledgement-refused",
        HTTPStatus.CONFLICT,
        "This is not what was settled or told",
        "Nothing was acknowledged. Fetch the file again and send the digest of what you hold.",
        "Nội dung xác nhận không khớp với bản đã lập",
        "Chưa ghi nhận gì. Tải lại tệp và gửi mã băm của đúng tệp đang giữ.",
    ),
    Kind(
        "order-refused",
        HTTPStatus.CONFLICT,
        "This cannot be ordered from a carrier",
        "Nothing was ordered. Do what `detail` says, or launch the plan instead.",
        "Không thể đặt nhà mạng gửi nội dung này",
        "Chưa đặt gửi gì. Làm theo `detail`, hoặc phát lệnh gửi kế hoạch.",
    ),
    Kind(
        "order-report-refused",
        HTTPStatus.CONFLICT,
        "This cannot be what became of the order",
        "Nothing was kept. Mend the figures that `detail` names, and send the report again.",
        "Số liệu này không thể là kết quả của lệnh đặt gửi",
        "Chưa ghi nhận gì. Sửa số liệu nêu trong `detail` rồi gửi lại báo cáo.",
    ),
    Kind(
        "statement-refused",
        HTTPStatus.CONFLICT,
        "The partner's file cannot be read",
        "Nothing was changed. Save the file as CSV in UTF-8 and send it again.",
        "Không đọc được tệp của đối tác",
        "Chưa có gì thay đổi. Lưu tệp dạng CSV (UTF-8) rồi gửi lại.",
    ),
)
