#include "platform/base/result.h"

namespace handschlag {

std::string_view name_of(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::invalid:
      return "invalid";
    case ErrorKind::unauthenticated:
      return "unauthenticated";
    case ErrorKind::forbidden:
      return "forbidden";
    case ErrorKind::not_found:
      return "not_found";
    case ErrorKind::conflict:
      return "conflict";
    case ErrorKind::too_large:
      return "too_large";
    case ErrorKind::too_many:
      return "too_many";
    case ErrorKind::unavailable:
      return "unavailable";
    case ErrorKind::internal:
      break;
  }
  return "internal";
}

}  // namespace handschlag
