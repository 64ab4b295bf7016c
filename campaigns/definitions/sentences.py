"""Sentences: what each point of the approver's checklist says, in Vietnamese and in English."""

from collections.abc import Mapping

SENTENCES: Mapping[str, tuple[str, str]] = {
    "sender_not_named": (
        "Tin chưa nêu đơn vị gửi ở đầu, ví dụ “Sở Y tế Lạng Sơn:”.",
        "The text does not say at its beginning who speaks, for example “Sở Y tế Lạng Sơn:”.",
    ),
    "area_not_named": (
        "Tin chưa nêu địa bàn áp dụng; thêm {{area}} hoặc tên địa phương.",
        "The text names no area; add {{area}} or the place's name.",
    ),
    "no_time": (
        "Tin chưa nêu ngày hoặc giờ áp dụng.",
        "The text names no day or hour.",
    ),
    "no_action": (
        "Tin chưa nêu việc người dân cần làm.",
        "The text does not say what people shall do.",
    ),
    "no_contact": (
        "Tin chưa nêu nơi hỏi thêm; thêm {{hotline}}.",
        "The text does not say where to ask; add {{hotline}}.",
    ),
    "no_expiry": (
        "Chiến dịch chưa có hạn; thêm window.not_after hoặc window.lasts.",
        "The campaign never ends; add window.not_after or window.lasts.",
    ),
    "document_unclear": (
        "“{words}” không giống số hiệu văn bản, ví dụ 18/KH-TBTT.",
        "“{words}” does not look like a document's number, such as 18/KH-TBTT.",
    ),
    "text_unread": (
        "Có tin bằng ngôn ngữ không ai trong đối tượng nhận: {words}.",
        "Nobody in the audience reads these texts: {words}.",
    ),
    "sensitive_words": (
        "Từ nhạy cảm, cần thêm người duyệt: {words}.",
        "Sensitive words, a second approver is needed: {words}.",
    ),
    "blame": (
        "Từ ngữ đổ lỗi hoặc kỳ thị: {words}.",
        "Words that blame or stigmatise: {words}.",
    ),
    "person_category": (
        "Phân loại người theo F0-F5 nay không còn dùng trong truyền thông: {words}.",
        "People are no longer classed as F0 to F5 in public texts: {words}.",
    ),
    "patient_identity": (
        "Tin có thể làm lộ danh tính người bệnh: {words}.",
        "The text may reveal who a patient is: {words}.",
    ),
    "asks_secret": (
        "Không bao giờ hỏi mã OTP, mật khẩu, số tài khoản qua tin nhắn: {words}.",
        "Never ask for one-time codes, passwords or accounts by text: {words}.",
    ),
    "shouting": (
        "Chữ in hoa hoặc nhiều dấu chấm than gây hoang mang: {words}.",
        "Capitals or exclamation marks alarm people: {words}.",
    ),
    "link_shortener": (
        "Liên kết rút gọn che giấu địa chỉ thật: {words}. Dùng địa chỉ gov.vn đầy đủ.",
        "A shortened link hides where it leads: {words}. Write the full gov.vn address.",
    ),
    "link_not_official": (
        "Liên kết không thuộc gov.vn: {words}.",
        "The link is not under gov.vn: {words}.",
    ),
    "figures_without_source": (
        (
            "Số liệu chưa có nguồn và thời điểm: {words}. Thêm figures: {{source, as_of}}, hoặc "
            "{{figures_source}} và {{figures_as_of}}; nếu không, Ban Chỉ đạo phải ký."
        ),
        (
            "Figures without source and time: {words}. Add figures: {{source, as_of}}, or "
            "{{figures_source}} and {{figures_as_of}}; else the steering committee must sign."
        ),
    ),
    "too_long": (
        "Tin dài {words} đoạn; nên từ 3 đoạn trở xuống.",
        "The text takes {words} segments; three are enough.",
    ),
    "unclear_without_accents": (
        "Bỏ dấu có thể gây hiểu nhầm: {words}.",
        "Without accents these words may be taken for others: {words}.",
    ),
    "costly_signs": (
        "Ký tự làm tăng số đoạn: {words}. Thay bằng ký tự trên bàn phím.",
        "These signs cost segments: {words}. Type the ones on the keyboard instead.",
    ),
}
