//===- QuantImport.cpp ---------===//
#include "GraphImporter.h"
void rac::onnximport::addQuantImporters(ImporterTable &table) {}
