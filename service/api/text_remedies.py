"""Remedies for texts: what to do when a slot has nothing to say, or may not say what was given."""

from http import HTTPStatus

from service.api.kinds import Kind

TEXT_RULES = (
    Kind(
        "empty-slot",
        HTTPStatus.CONFLICT,
        "A slot has nothing to say in some commune",
        "Nothing was kept or sent. Have the communes in `detail` fill in their local slots or load "
        "their level decision, or take the slot out of the text.",
        "Có ô điền chưa có nội dung ở một số xã, phường",
        "Chưa lưu hay gửi gì. Đề nghị các xã, phường nêu trong `detail` điền nội dung hoặc nạp "
        "quyết định cấp độ, hoặc bỏ ô điền khỏi tin nhắn.",
    ),
    Kind(
        "unknown-slot",
        HTTPStatus.CONFLICT,
        "The campaign does not leave this slot open",
        "Nothing was changed. Fill in one of the slots named in `detail`.",
        "Chiến dịch không có ô điền này",
        "Chưa có gì thay đổi. Chỉ điền các ô nêu trong `detail`.",
    ),
    Kind(
        "local-text-refused",
        HTTPStatus.CONFLICT,
        "This may not be filled in",
        "Nothing was changed. Give one line of at most 60 letters that says where, when or whom "
        "to ask, without links; a telephone number only in `local_contact`.",
        "Không được điền nội dung này",
        "Chưa có gì thay đổi. Ghi một dòng không quá 60 ký tự cho biết ở đâu, khi nào hoặc hỏi "
        "ai, không kèm liên kết; số điện thoại chỉ ghi trong `local_contact`.",
    ),
)
