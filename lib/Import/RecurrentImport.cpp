//===- RecurrentImport.cpp ---------===//
#include "GraphImporter.h"
void rac::onnximport::addRecurrentImporters(ImporterTable &table) {}
