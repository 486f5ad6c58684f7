#pragma once

#include <string>

namespace troupe {

/// A letter to one person, in plain text.
struct Mail {
  std::string to;       ///< as `tenancy::check_email` gives it
  std::string subject;  ///< ASCII, one line
  std::string text;     ///< UTF-8, lines ended by \n
};

/// Sends letters. Any thread; does not block. What cannot be sent is tried again for some minutes
/// and then logged: nothing that matters may hang on a letter, which its reader can ask for again.
class Mailer {
 public:
  virtual ~Mailer() = default;
  virtual void send(Mail mail) = 0;
};

}  // namespace troupe
