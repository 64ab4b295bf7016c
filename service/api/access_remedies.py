"""Remedies for people: what to do when a login, a password, a code or a change is refused."""

from http import HTTPStatus

from service.api.kinds import Kind

ACCESS_RULES = (
    Kind(
        "login-taken",
        HTTPStatus.CONFLICT,
        "There is already a person with this login",
        "Nothing was changed. Choose another login.",
        "Tên đăng nhập này đã có",
        "Chưa có gì thay đổi. Chọn tên đăng nhập khác.",
    ),
    Kind(
        "login-throttled",
        HTTPStatus.TOO_MANY_REQUESTS,
        "Too many attempts from here were wrong",
        "Wait as long as the header `Retry-After` says, or log in from another machine.",
        "Đã nhập sai quá nhiều lần từ nơi này",
        "Chờ theo thời gian nêu ở tiêu đề `Retry-After`, hoặc đăng nhập từ máy khác.",
    ),
    Kind(
        "passwords-busy",
        HTTPStatus.SERVICE_UNAVAILABLE,
        "Too many people log in at this moment",
        "Nothing was changed. Try again in a second.",
        "Đang có quá nhiều người đăng nhập cùng lúc",
        "Chưa có gì thay đổi. Thử lại sau một giây.",
    ),
    Kind(
        "totp-missing",
        HTTPStatus.FORBIDDEN,
        "This role needs an authenticator app, and none was set up",
        "Ask an administrator for an invitation, and accept it with the code that the app shows.",
        "Vai trò này cần ứng dụng xác thực nhưng chưa thiết lập",
        "Xin quản trị viên gửi thư mời, rồi chấp nhận bằng mã mà ứng dụng hiển thị.",
    ),
    Kind(
        "code-refused",
        HTTPStatus.CONFLICT,
        "That is not the code which the app shows now",
        "Nothing was changed. Check the telephone's clock and send the next code.",
        "Mã không đúng với mã ứng dụng đang hiển thị",
        "Chưa có gì thay đổi. Kiểm tra đồng hồ điện thoại và gửi mã kế tiếp.",
    ),
    Kind(
        "invitation-refused",
        HTTPStatus.FORBIDDEN,
        "This is no invitation, or it has ended",
        "Nothing was changed. Ask an administrator for another.",
        "Thư mời không đúng hoặc đã hết hiệu lực",
        "Chưa có gì thay đổi. Xin quản trị viên gửi thư mời khác.",
    ),
    Kind(
        "password-refused",
        HTTPStatus.CONFLICT,
        "This password is not accepted",
        "Nothing was changed. Do what `detail` says.",
        "Mật khẩu này không được chấp nhận",
        "Chưa có gì thay đổi. Dùng mật khẩu khác: ít nhất 12 ký tự, vài từ không liên quan nhau.",
    ),
    Kind(
        "person-withdrawn",
        HTTPStatus.CONFLICT,
        "This person was withdrawn and acts no more",
        "Nothing was changed. Restore them first, or name another person.",
        "Người này đã bị thu hồi quyền",
        "Chưa có gì thay đổi. Khôi phục người này trước, hoặc chọn người khác.",
    ),
    Kind(
        "person-change-refused",
        HTTPStatus.CONFLICT,
        "This may not be changed about this person, or not by you",
        "Nothing was changed. Ask another administrator, or make somebody else one first.",
        "Không được thay đổi điều này, hoặc không phải do bạn thay đổi",
        "Chưa có gì thay đổi. Nhờ quản trị viên khác, hoặc chỉ định thêm quản trị viên trước.",
    ),
)
