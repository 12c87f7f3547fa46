#include "mail/report_type.h"

#include <gtest/gtest.h>

#include <string>

namespace bulla::mail {
namespace {

struct Row {
  const char* title;
  std::string type;
  bool notification;
};

const Row kRows[] = {
    {"delivery", "multipart/report; report-type=delivery-status; boundary=b", true},
    {"disposition", "multipart/report; boundary=b; report-type=disposition-notification", true},
    {"capitals", "Multipart/REPORT; Report-Type=Delivery-Status", true},
    {"quoted", "multipart/report; report-type=\"delivery-status\"", true},
    {"a blank before the semicolon", " multipart/report ;report-type=delivery-status", true},
    {"no type of report", "multipart/report; boundary=b", false},
    {"a complaint about spam", "multipart/report; report-type=feedback-report", false},
    {"another multipart", "multipart/mixed; report-type=delivery-status", false},
    {"in a comment", "multipart/mixed (multipart/report; report-type=delivery-status)", false},
    {"in another parameter", "multipart/report; x=\"; report-type=delivery-status\"", false},
    {"a type that only begins so", "multipart/reports; report-type=delivery-status", false},
    {"a kind that only begins so", "multipart/report; report-type=delivery-status2", false},
    {"empty", "", false},
    {"too long", "multipart/report; report-type=delivery-status; x=" + std::string(4096, 'x'), false},
    {"NUL", std::string("multipart/report; report-type=delivery-status\0", 46), false},
};

TEST(ReportType, Table) {
  for (const auto& row : kRows) EXPECT_EQ(is_notification(row.type), row.notification) << row.title;
}

}  // namespace
}  // namespace bulla::mail
