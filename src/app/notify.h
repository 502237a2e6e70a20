// What the service manager that started this process is told (systemd, Type=notify): that it is ready, that it stops.
#pragma once

#include <string_view>

namespace handschlag::app {

// `state` is "READY=1", "STOPPING=1" and so on, as sd_notify(3) has them. Does nothing where no service manager asked
// for it, and nothing where it does not listen: the work goes on either way. Not thread-safe against setenv.
void notify_service_manager(std::string_view state);

}  // namespace handschlag::app
