//===- AttentionImport.cpp ---------===//
#include "GraphImporter.h"
void rac::onnximport::addAttentionImporters(ImporterTable &table) {}
