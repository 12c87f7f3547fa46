#include "keys/answer.h"

namespace bulla::keys {

Problem::Problem(Error error) : code(ProblemCode::kUnavailable) {
  if (error.code == Code::kInvalid) {
    code = ProblemCode::kBadRequest;
    message = std::move(error.text);
    hint = std::move(error.hint);
    return;
  }
  message = "The key server cannot do this just now.";
  hint = "Try again in a minute.";
  retry_after = 30 * kSecond;
  cause = std::move(error.text);
}

std::unexpected<Problem> deny_for(Millis retry_after) {
  Problem problem(ProblemCode::kTooMany, "There were too many attempts.", "Wait a while, then try again.");
  problem.retry_after = retry_after;
  return std::unexpected(std::move(problem));
}

std::unexpected<Problem> deny_sign_in() {
  return deny(ProblemCode::kSignIn, "You are not signed in, or address and password do not fit together.",
              "Sign in again.");
}

}  // namespace bulla::keys
